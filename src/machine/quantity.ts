const binary: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
const decimal: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
};

/** What a Kubernetes quantity amounts to: `1Gi`, `129M`, `1e9`, `100m`, `2`. NaN for what is none (a server refuses those). */
export function amountOf(quantity: string | number): number {
  if (typeof quantity === "number") return quantity;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([KMGTPE]i|[numkMGTPE])?)$/.exec(quantity.trim());
  if (match === null) return Number.NaN;
  const [, digits, exponent, unit = ""] = match;
  return (
    Number(digits) * (exponent === undefined ? (binary[unit] ?? decimal[unit] ?? Number.NaN) : 10 ** Number(exponent))
  );
}
