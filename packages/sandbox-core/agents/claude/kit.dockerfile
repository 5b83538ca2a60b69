ARG SBX_BASE
FROM ${SBX_BASE}
RUN npm install --global @anthropic-ai/claude-code@2.1.330 \
 && npm cache clean --force \
 && rm -rf /root/.npm /tmp/* \
 && claude --version
USER agent
ENTRYPOINT ["claude"]
