/**
 * What clients may call themselves and their libraries: anything that leaves a line of CLIENT LIST readable.
 */

export const NAME_ERROR = "ERR Client names cannot contain spaces, newlines or special characters.";

/** Whether the text, up to a NUL as Redis looks at it, is printable ASCII without blanks. */
export function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0) return true;
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}
