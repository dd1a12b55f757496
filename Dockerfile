# The image of the program. docs/howto/run-in-docker.md has how to build, pin and run it.
#
# A base that can't change under its name is one with a digest:
#   docker buildx imagetools inspect python:3.11-slim-bookworm --format '{{.Manifest.Digest}}'
#   docker build --build-arg BASE=python:3.11-slim-bookworm@sha256:... -t reconciler .
# With a list of what is in it (SBOM) and of how it was built:
#   docker buildx build --sbom=true --provenance=mode=max --push -t registry.example.com/reconciler:0.1.0 .
# Nothing here needs more than the instructions that deploy/replay-image follows without an engine.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG UV_VERSION=0.13.9
# Everything but the demonstration, which brings a PostgreSQL along; with it: --build-arg EXTRAS=--all-extras
ARG EXTRAS="--all-extras --no-extra demo"
ENV UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1
RUN pip install --no-cache-dir --disable-pip-version-check "uv==${UV_VERSION}"
WORKDIR /src

# The dependencies change less often than the program, and so are a layer of their own.
COPY pyproject.toml uv.lock ./
# Some words and none: EXTRAS is not one argument.
# hadolint ignore=SC2086
RUN uv export --quiet --frozen --no-dev --no-emit-project ${EXTRAS} --output-file /tmp/requirements.txt \
    && uv export --quiet --frozen --only-dev --no-emit-project --output-file /tmp/building.txt \
    && python -m venv --without-pip /opt/reconciler \
    && uv pip install --python /opt/reconciler/bin/python --compile-bytecode --require-hashes \
        --requirement /tmp/requirements.txt

COPY README.md LICENSE ./
COPY sql sql
COPY reconciler reconciler
RUN uv build --wheel --build-constraints /tmp/building.txt --require-hashes --out-dir /tmp/dist \
    && uv pip install --python /opt/reconciler/bin/python --compile-bytecode --no-deps /tmp/dist/*.whl

FROM ${BASE}
# The base's packages are as old as the base, which is what is pinned; tini is PID 1: it hands signals on, and buries
# the processes that health checks and `docker exec` leave behind. The folder is for a volume with the key ring.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 reconciler \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --no-log-init \
        --shell /usr/sbin/nologin reconciler \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/reconciler
COPY --from=build /opt/reconciler /opt/reconciler
ENV PATH="/opt/reconciler/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
ARG VERSION=""
ARG REVISION=""
LABEL org.opencontainers.image.title="The reconciler" \
    org.opencontainers.image.description="Keeps one Constant Contact list in step with the contacts of one CRM workspace." \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
# Not where the program lies: a .env file is looked for in the working directory, and may be mounted there.
WORKDIR /srv
EXPOSE 8480 9464
STOPSIGNAL SIGTERM
# Settings, database, schema and keys: whether this process can do its work. Never whether a token is still good, or a
# list fresh: a new container would help neither.
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 CMD ["reconciler", "health"]
ENTRYPOINT ["/usr/bin/tini", "--", "reconciler"]
CMD ["serve"]
