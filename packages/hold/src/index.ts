export { HoldLink, type HoldLinkParts } from "./hold-link.ts";
