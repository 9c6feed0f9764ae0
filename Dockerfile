# One image for every part of fairpulse; the command chooses the part.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/fairpulse \
 && /opt/fairpulse/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE fairpulse.py ./
COPY schemas schemas
COPY streams streams
COPY producers producers
COPY dashboards dashboards
RUN /opt/fairpulse/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home fairpulse \
 && install -d -o 10001 -g 10001 /var/lib/fairpulse
COPY --from=build /opt/fairpulse /opt/fairpulse
ENV PATH=/opt/fairpulse/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
# For a worker; docker-compose.yml has the checks of the other services.
HEALTHCHECK --interval=10s --timeout=5s --retries=6 \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:9464/healthz', timeout=4)"]
ENTRYPOINT ["fairpulse"]
CMD ["--help"]
