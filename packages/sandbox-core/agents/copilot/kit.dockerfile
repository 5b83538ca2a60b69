ARG SBX_BASE
FROM ${SBX_BASE}
# At its first start it unpacks 235 MB. Done here, once, where no home pays for it.
ENV COPILOT_PKG_CACHE_HOME=/usr/local/share/copilot
RUN npm install --global @github/copilot@1.0.102 \
 && npm cache clean --force \
 && copilot --version \
 && test -d /usr/local/share/copilot/pkg \
 && rm -rf /root/.npm /root/.copilot /root/.cache /tmp/*
USER agent
ENTRYPOINT ["copilot"]
