export { createKitStore, type BrokenKit, type FoundKit, type FoundMixin, type KitSelection, type KitStore, type KitStoreOptions } from "./kit-store.ts";
export { importImageKit, isImage } from "./image/import-image-kit.ts";
