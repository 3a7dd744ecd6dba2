import { expect, test } from "vitest";
import { expand } from "./expand.ts";

test.each([
  ["$(NAME)", "value"],
  ["a-$(NAME)-$(NAME)", "a-value-value"],
  ["$$(NAME)", "$(NAME)"],
  ["$$$(NAME)", "$value"],
  ["$(ABSENT)", "$(ABSENT)"],
  ["$(LOOP)", "$(NAME)"],
  ["$NAME", "$NAME"],
  ["$(NAME", "$(NAME"],
  ["cost: 5$", "cost: 5$"],
  ["$(toString)", "$(toString)"],
])("%s becomes %s", (text, expected) => expect(expand(text, { NAME: "value", LOOP: "$(NAME)" })).toBe(expected));
