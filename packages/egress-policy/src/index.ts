export { addressDenied, addressNamed, allowCommand, decide, decideConnection, decideRequest, explain, mayAllow, mayReach, type ConnectionDecision, type Explanation } from "./decide.ts";
export { parseHost, type Host } from "./host.ts";
export { coversImage, formatImageAddress, parseImageAddress, parseImagePattern, type ImageAddress, type ImagePattern } from "./image-pattern.ts";
export { formatIpv4, networkOf, parseIpv4 } from "./ipv4.ts";
export { formatDestinationPattern, parseDestinationPattern, type DestinationMatcher, type HostMatcher, type PortRange } from "./pattern.ts";
export { compilePolicy, narrowPolicy, type Ceiling, type CompiledPolicy } from "./policy.ts";
export { type HttpRequest } from "./request-rule.ts";
export { HOST_GATEWAY, isReservedName, isServiceName, MCP_PORT, SERVICE_NAMES, serviceAt, type ServiceKind } from "./reserved.ts";
