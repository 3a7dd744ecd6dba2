/** Amounts as Kubernetes keeps them: `1024Mi` becomes `1Gi`, 0.5 becomes `500m` (apimachinery's resource.Quantity). */

const binaryUnits = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const decimalUnits = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
/** Where "" stands in decimalUnits. */
const ones = 3;

type Notation = "binary" | "decimal" | "exponent";

interface Amount {
  /** In units of 10^-9, rounded away from zero. */
  readonly nano: bigint;
  readonly notation: Notation;
}

const form = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?[0-9]+))?$/;

/** The canonical form of a quantity; undefined for what is none. */
export function canonicalQuantity(text: string): string | undefined {
  const amount = readQuantity(text);
  if (amount === undefined) return undefined;
  const { nano, notation } = amount;
  const isSmall = nano > -1024n * 10n ** 9n && nano < 1024n * 10n ** 9n;
  return notation === "binary" && !isSmall ? binaryText(nano) : decimalText(nano, notation);
}

/** Which of two quantities is larger: negative, 0 or positive. What is no quantity counts as 0. */
export function compareQuantities(one: string, other: string): number {
  const difference = (readQuantity(one)?.nano ?? 0n) - (readQuantity(other)?.nano ?? 0n);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function readQuantity(text: string): Amount | undefined {
  const [, sign, whole = "", part = "", binary, decimal, exponent] = form.exec(text) ?? [];
  if (sign === undefined || whole + part === "") return undefined;
  const digits = BigInt(whole + part) * (sign === "-" ? -1n : 1n);
  const power = Number(exponent ?? 0) + (decimal === undefined ? 0 : (decimalUnits.indexOf(decimal) - ones) * 3);
  // nobody needs more, and a large one would fill the memory
  if (Math.abs(power) > 30) return undefined;
  const factor = binary === undefined ? 1n : 1024n ** BigInt(binaryUnits.indexOf(binary));
  const notation = binary === undefined ? (exponent === undefined ? "decimal" : "exponent") : "binary";
  return { nano: scaled(digits * factor, power + 9 - part.length), notation };
}

function scaled(value: bigint, power: number): bigint {
  return power >= 0 ? value * 10n ** BigInt(power) : divided(value, 10n ** BigInt(-power));
}

/** Rounded away from zero. */
function divided(value: bigint, by: bigint): bigint {
  const rounded = value < 0n ? value - by + 1n : value + by - 1n;
  return rounded / by;
}

function binaryText(nano: bigint): string {
  let value = divided(nano, 10n ** 9n);
  let unit = 0;
  while (value % 1024n === 0n && unit < binaryUnits.length - 1) {
    value /= 1024n;
    unit++;
  }
  return `${value}${binaryUnits[unit]}`;
}

function decimalText(nano: bigint, notation: Notation): string {
  if (nano === 0n) return "0";
  let value = nano;
  let unit = 0;
  while (value % 1000n === 0n && unit < decimalUnits.length - 1) {
    value /= 1000n;
    unit++;
  }
  if (notation !== "exponent" || unit === ones) return `${value}${decimalUnits[unit]}`;
  return `${value}e${(unit - ones) * 3}`;
}
