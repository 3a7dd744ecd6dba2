import { expect, test } from "vitest";
import project from "../../package.json" with { type: "json" };
import { programVersion } from "./version.ts";

test("is the package's", () => expect(programVersion()).toBe(project.version));
