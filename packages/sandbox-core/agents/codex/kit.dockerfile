ARG SBX_BASE
FROM ${SBX_BASE}
RUN npm install --global @openai/codex@0.169.0 \
 && npm cache clean --force \
 && rm -rf /root/.npm /tmp/* \
 && codex --version
USER agent
ENTRYPOINT ["codex"]
