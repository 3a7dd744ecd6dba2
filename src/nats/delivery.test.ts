import { expect, test } from "vitest";
import { parseDelivery } from "./delivery.ts";

const delivery = { consumer: "c", streamSequence: 12n, consumerSequence: 5n, timestamp: 1_763_719_200_123_456_789n };

test.each([
  ["nine tokens", "$JS.ACK.S.c.1.12.5.1763719200123456789.3", delivery],
  ["eleven, with domain and account", "$JS.ACK.hub.aHash.S.c.1.12.5.1763719200123456789.3", delivery],
  ["twelve, with a token at the end", "$JS.ACK._.aHash.S.c.1.12.5.1763719200123456789.3.rnd", delivery],
  ["another subject", "_INBOX.x.1", undefined],
  ["too few tokens", "$JS.ACK.S.c.1", undefined],
  ["none", undefined, undefined],
])("%s", (_title, reply, expected) => {
  expect(parseDelivery(reply)).toEqual(expected);
});
