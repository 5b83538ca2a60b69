#!/usr/bin/env node
import { launch } from "@sbx/launch";

await launch({ name: "sbx", from: import.meta.url });
