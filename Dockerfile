# One image for every part of fairpulse; the command chooses the part.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/fairpulse \
 && /opt/fairpulse/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md ./
COPY schemas schemas
COPY streams streams
COPY producers producers
COPY dashboards dashboards
RUN /opt/fairpulse/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home fairpulse
COPY --from=build /opt/fairpulse /opt/fairpulse
ENV PATH=/opt/fairpulse/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
ENTRYPOINT ["fairpulse"]
CMD ["--help"]
