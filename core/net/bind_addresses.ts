/**
 * The addresses to listen on: what `bind`'s words mean.
 */

export const ANY_4 = "0.0.0.0";
export const ANY_6 = "::";

/** One address to open. */
export interface BindAddress {
  readonly hostname: string;
  readonly port: number;
  /** This machine need not have it. */
  readonly optional: boolean;
}

/**
 * `bind`'s words: "-" before an address makes it optional, "*" is every address, "::*" every IPv6 one. These
 * come first: where they include IPv4, "0.0.0.0" beside them is nothing more to open.
 */
export function bindAddresses(words: readonly string[], port: number): BindAddress[] {
  const list = words.map((word) => {
    const optional = word.startsWith("-");
    const name = optional ? word.slice(1) : word;
    const hostname = name === "*" ? ANY_4 : name === "::*" ? ANY_6 : name;
    return { hostname, port, optional };
  });
  return [
    ...list.filter(({ hostname }) => hostname === ANY_6),
    ...list.filter(({ hostname }) => hostname !== ANY_6),
  ];
}
