import { expect, test } from "vitest";
import { keyFrom, keyText } from "./resource.ts";

test.each([
  ["demo/store", { namespace: "demo", name: "store" }],
  ["catalogue", { name: "catalogue" }],
])("writes and reads the key %s", (text, key) => expect([keyText(key), keyFrom(text)]).toEqual([text, key]));
