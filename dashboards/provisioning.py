"""Grafana reads these at its start: one data source and one provider of boards, both fixed."""

from typing import Any, Final

from dashboards.scraping import SCRAPE_SECONDS
from dashboards.spec import DATASOURCE

FOLDER, FOLDER_UID = "Fair", "fairpulse"
BOARDS_AT: Final = "/var/lib/grafana/dashboards"


def datasources() -> dict[str, Any]:
    """Return provisioning/datasources/fairpulse.yaml. Grafana removes a provisioned source that is no longer in it."""
    return {
        "apiVersion": 1,
        "prune": True,
        "datasources": [
            {
                "name": "Prometheus",
                "uid": DATASOURCE,
                "type": "prometheus",
                "access": "proxy",
                "url": "http://prometheus:9090",
                "isDefault": True,
                "editable": False,
                "jsonData": {
                    "httpMethod": "POST",
                    "prometheusType": "Prometheus",
                    "timeInterval": f"{SCRAPE_SECONDS}s",
                },
            }
        ],
    }


def providers() -> dict[str, Any]:
    """Return provisioning/dashboards/fairpulse.yaml: boards come from files, and changes in Grafana are not kept."""
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": "fairpulse",
                "type": "file",
                "folder": FOLDER,
                "folderUid": FOLDER_UID,
                "allowUiUpdates": False,
                "disableDeletion": False,
                "updateIntervalSeconds": 30,
                "options": {"path": BOARDS_AT, "foldersFromFilesStructure": False},
            }
        ],
    }
