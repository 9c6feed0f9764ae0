"""The files that Grafana and Prometheus read at their start fit together, and fit the boards."""

from typing import Any

import yaml

from dashboards.__main__ import ROOT
from dashboards.boards import ALL_BOARDS
from dashboards.scraping import MOST_SERIES, WORKER
from dashboards.spec import DATASOURCE


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_there_is_one_data_source_with_the_boards_uid_and_nobody_edits_it() -> None:
    [source] = read("provisioning/datasources/fairpulse.yaml")["datasources"]
    assert source["uid"] == DATASOURCE
    assert source["editable"] is False
    assert source["isDefault"] is True
    assert source["jsonData"]["httpMethod"] == "POST"


def test_grafana_knows_how_often_prometheus_scrapes() -> None:
    [source] = read("provisioning/datasources/fairpulse.yaml")["datasources"]
    config = read("prometheus/prometheus.yml")
    assert source["jsonData"]["timeInterval"] == config["global"]["scrape_interval"]
    [worker] = [job for job in config["scrape_configs"] if job["job_name"] == WORKER]
    assert "scrape_interval" not in worker, "another one would make rate panels empty"


def test_boards_are_provisioned_from_files_into_a_fixed_folder_and_not_kept_from_the_browser() -> None:
    [provider] = read("provisioning/dashboards/fairpulse.yaml")["providers"]
    assert provider["folderUid"] == "fairpulse"
    assert provider["allowUiUpdates"] is False
    assert provider["options"]["foldersFromFilesStructure"] is False
    assert len(list((ROOT / "json").glob("*.json"))) == len(ALL_BOARDS)


def test_event_time_stays_out_of_samples_and_a_fuse_limits_every_scrape() -> None:
    jobs = {job["job_name"]: job for job in read("prometheus/prometheus.yml")["scrape_configs"]}
    assert not any("honor_timestamps" in job for job in jobs.values())
    assert jobs[WORKER]["sample_limit"] == MOST_SERIES
    assert all("sample_limit" in job for name, job in jobs.items() if name != "prometheus")
