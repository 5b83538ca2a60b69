ARG SBX_BASE
FROM ${SBX_BASE}
# Its own ripgrep may be run by root alone; the image has one that everybody may run.
RUN npm install --global @qwen-code/qwen-code@0.24.4 \
 && npm cache clean --force \
 && rm -rf /root/.npm /tmp/* /usr/local/lib/node_modules/@qwen-code/qwen-code/vendor/ripgrep \
 && qwen --version \
 && rm -rf /root/.qwen
USER agent
ENTRYPOINT ["qwen"]
