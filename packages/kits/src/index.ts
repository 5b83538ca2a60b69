export { createKitStore, type BrokenKit, type FoundKit, type FoundMixin, type KitSelection, type KitStore, type KitStoreOptions } from "./kit-store.ts";
