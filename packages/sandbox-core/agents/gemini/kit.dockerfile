ARG SBX_BASE
FROM ${SBX_BASE}
RUN npm install --global @google/gemini-cli@0.61.0 \
 && npm cache clean --force \
 && rm -rf /root/.npm /tmp/* \
 && gemini --version
USER agent
ENTRYPOINT ["gemini"]
