ARG SBX_BASE
FROM ${SBX_BASE}
COPY kiro-cli /usr/local/bin/kiro-cli
USER agent
ENTRYPOINT ["kiro-cli"]
