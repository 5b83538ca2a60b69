#!/usr/bin/env node
import { launch } from "@sbx/launch";

await launch({ name: "sbxd", from: import.meta.url });
