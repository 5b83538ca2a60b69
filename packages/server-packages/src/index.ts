export { ServerPackages, type PackageSource, type ReadyPackage, type ServerPackagesParts } from "./server-packages.ts";
