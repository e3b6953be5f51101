# One image per service: docker build --build-arg SERVICE=transformer .
#   SERVICE   a folder of services/, or simulators, or story (the console with the simulators' story)
#   LOCK      which of requirements/*.txt; the service's own by default
#   BASE      plain, or browser for the service that needs Chromium: bi_refresher, and gestta_extractor where the office
#             signs in through Onvio (with LOCK=console, which adds the browser's client: compose.onvio.yaml)
ARG BASE=plain

FROM python:3.13-slim AS plain
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/venv/bin:$PATH
# The folders that volumes are mounted on: a new volume takes over their owner.
RUN groupadd --gid 10001 operacional \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin operacional \
    && install -d -o operacional -g operacional /data/landing /data/tokens /data/exports /data/profile /data/scratch
WORKDIR /app

FROM plain AS browser
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends chromium chromium-driver fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*

FROM plain AS packages
# For a network with an index of its own; unset by default.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
RUN python -m venv /opt/venv
ARG SERVICE
ARG LOCK=${SERVICE}
COPY requirements/${LOCK}.txt /tmp/lock.txt
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement /tmp/lock.txt \
    && rm -rf /opt/venv/lib/python3*/site-packages/pip*

FROM plain AS code
ARG SERVICE
COPY shared shared
COPY services /all/services
COPY simulators /all/simulators
# The doctor of the console runs every service's own check.
RUN case "$SERVICE" in \
      simulators) cp -r /all/simulators . ;; \
      story)      cp -r /all/simulators /all/services . ;; \
      console)    cp -r /all/services . ;; \
      *)          mkdir services && cp -r "/all/services/$SERVICE" /all/services/__init__.py services ;; \
    esac \
    && python -m compileall -q .

FROM ${BASE} AS service
COPY --from=packages /opt/venv /opt/venv
COPY --from=code /app /app
ARG SERVICE
ENV SERVICE=${SERVICE}
USER operacional
CMD ["sh", "-c", "case $SERVICE in simulators) exec python -m simulators ;; *) exec python -m services.$SERVICE ;; esac"]
