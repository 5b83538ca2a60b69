ARG SBX_BASE
FROM ${SBX_BASE}
USER root
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends docker-compose postgresql-client redis-tools \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt
USER agent
CMD ["/bin/bash", "-l"]
