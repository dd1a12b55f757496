# For a build that can be repeated, name the base by its digest:
#   docker build --build-arg PYTHON_DIGEST=@sha256:... -t reconciler .
ARG PYTHON_DIGEST=""

FROM python:3.11-slim${PYTHON_DIGEST} AS build
ARG UV_VERSION=0.13.9
ENV UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1
RUN pip install --no-cache-dir --disable-pip-version-check "uv==${UV_VERSION}"
WORKDIR /src

# The dependencies change less often than the program, and so are a layer of their own.
COPY pyproject.toml uv.lock ./
RUN uv export --quiet --frozen --no-dev --no-emit-project --output-file /tmp/requirements.txt \
    && python -m venv --without-pip /opt/reconciler \
    && uv pip install --python /opt/reconciler/bin/python --compile-bytecode --require-hashes \
        --requirement /tmp/requirements.txt

COPY README.md LICENSE ./
COPY sql sql
COPY reconciler reconciler
RUN uv build --wheel --out-dir /tmp/dist \
    && uv pip install --python /opt/reconciler/bin/python --compile-bytecode --no-deps /tmp/dist/*.whl

FROM python:3.11-slim${PYTHON_DIGEST}
RUN groupadd --gid 10001 reconciler \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin reconciler
COPY --from=build /opt/reconciler /opt/reconciler
ENV PATH="/opt/reconciler/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
# Not where the program lies: a .env file is looked for in the working directory, and may be mounted there.
WORKDIR /srv
STOPSIGNAL SIGTERM
ENTRYPOINT ["reconciler"]
CMD ["serve"]
