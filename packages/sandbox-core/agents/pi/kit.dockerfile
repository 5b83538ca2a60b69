ARG SBX_BASE
FROM ${SBX_BASE}
RUN npm install --global @mariozechner/pi-coding-agent@0.73.1 \
 && npm cache clean --force \
 && rm -rf /root/.npm /tmp/* \
 && pi --version \
 && rm -rf /root/.pi
USER agent
ENTRYPOINT ["pi"]
