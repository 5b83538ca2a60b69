ARG SBX_BASE
FROM ${SBX_BASE}
USER agent
CMD ["/bin/bash", "-l"]
