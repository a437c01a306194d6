# One image for the reference target, for Locust and for the harness. What builds has compilers, what runs has none.
# Another base needs Debian's apt-get, Python 3.11 or newer with venv and headers, as `python3`.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS builder
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
ENV PATH=/build/tools/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python3 -m venv tools && python3 -m venv --without-pip /opt/harness
# Every package comes with a hash that is checked here; what is then installed can only be one of these.
COPY requirements*.lock ./
RUN pip download --quiet --require-hashes --no-deps --only-binary :all: --dest wheels --requirement requirements.lock
# mysqlclient is published without wheels; setuptools, which builds it, is in the same lock.
RUN if [ -f requirements-mysql.lock ]; then \
        awk '/^[^ ]/ { wanted = /^setuptools==/ } wanted' requirements-mysql.lock > build.lock \
        && pip install --quiet --require-hashes --no-deps --only-binary :all: --requirement build.lock \
        && pip wheel --quiet --require-hashes --no-deps --no-build-isolation --no-binary mysqlclient \
            --wheel-dir wheels --requirement requirements-mysql.lock; \
    fi
COPY pyproject.toml README.md LICENSE ./
COPY docs docs
COPY harness harness
COPY witness witness
RUN pip --python /opt/harness/bin/python install --quiet --no-index --find-links wheels \
        ".[run,target]" ./witness $(find wheels -name 'mysqlclient-*.whl')

FROM ${BASE}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 target \
    && useradd --system --uid 10001 --gid target --no-create-home --home-dir /nonexistent target \
    && install --directory --owner target --group target --mode 0700 /var/lib/target
COPY --from=builder /opt/harness /opt/harness
WORKDIR /srv/harness
COPY harness.toml ./
COPY faults faults
COPY scenarios scenarios
COPY tools/verdicts.py tools/
COPY target_app target_app
ENV PATH=/opt/harness/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TARGET_STATE_DIR=/var/lib/target
USER target
WORKDIR /srv/harness/target_app
EXPOSE 8000
# Asks as Prometheus and users do; there is no curl. docker-compose.yaml has its own for each service.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# Not the harness's own default of loopback: inside a container, only published ports can be reached.
CMD ["gunicorn", "--config", "gunicorn.conf.py", "--bind", "0.0.0.0:8000"]
