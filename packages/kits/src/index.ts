export { createKitStore, type BrokenKit, type FoundKit, type KitStore, type KitStoreOptions } from "./kit-store.ts";
