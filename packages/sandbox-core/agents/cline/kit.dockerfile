ARG SBX_BASE
FROM ${SBX_BASE}
RUN npm install --global cline@3.0.65 \
 && npm cache clean --force \
 && rm -rf /root/.npm /tmp/* \
 && cline --version \
 && rm -rf /root/.cline
USER agent
ENTRYPOINT ["cline"]
