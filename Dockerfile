# What answers requests, without what trains: docker build -t taojin .
# With what trains: docker build --build-arg EXTRAS=train,redis -t taojin:train .
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY taojin ./taojin
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
ARG EXTRAS=redis
RUN useradd --create-home --uid 10001 taojin && install -d -o taojin /runs
# The wheel that was just built; what it needs has its versions there. hadolint ignore=DL3013
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir "$(echo /wheels/taojin-*.whl)[${EXTRAS}]"
ENV PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
USER 10001
WORKDIR /runs
VOLUME /runs
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/v1/ready', timeout=2)"]
ENTRYPOINT ["taojin"]
CMD ["serve", "/runs/current", "--host", "0.0.0.0", "--port", "8000"]
