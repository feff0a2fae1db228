/**
 * What the tls-* directives ask for, checked: certificates and keys are read, decrypted and compared here, so that
 * both runtimes refuse the same things in Redis's words (Deno itself looks at a certificate when the first client
 * comes, and at a passphrase never).
 *
 * What can't be had is refused and never passed over: on Deno the choice of ciphers, on both the suites of
 * TLS 1.3 and everything before TLS 1.2. Key exchange is always by elliptic curves, so tls-dh-params-file is not
 * used; the log of the start says so, as of the directives about sessions.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext, type SecureVersion } from "node:tls";
import type { Config } from "../server/config.ts";
import { pathOf } from "../server/config_file.ts";
import { errorText } from "../server/config_host.ts";

/** Options for a TLS server of `node:tls`. */
export interface TlsSettings {
  readonly cert: string;
  readonly key: string;
  readonly ca: string[];
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  readonly ciphers?: string;
  readonly honorCipherOrder: boolean;
  /** Clients are asked for a certificate. */
  readonly requestCert: boolean;
  /** They don't come in without. */
  readonly rejectUnauthorized: boolean;
}

/** Thrown with what goes to the log. */
export class TlsRefused extends Error {
  override name = "TlsRefused";
}

/** The directives a TLS server depends on. */
export const TLS_DIRECTIVES: readonly string[] = [
  "tls-auth-clients",
  "tls-prefer-server-ciphers",
  "tls-cert-file",
  "tls-key-file",
  "tls-key-file-pass",
  "tls-ca-cert-file",
  "tls-ca-cert-dir",
  "tls-protocols",
  "tls-ciphers",
  "tls-ciphersuites",
];

const VERSIONS: readonly string[] = ["tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"];
const IS_DENO = "Deno" in globalThis;

/** Reads the settings. Throws TlsRefused. */
export function readTlsSettings(config: Config): TlsSettings {
  refuseCiphers(config);
  const authClients = config.str("tls-auth-clients");
  const certFile = config.str("tls-cert-file");
  const keyFile = config.str("tls-key-file");
  if (certFile === "") throw new TlsRefused("No tls-cert-file configured!");
  if (keyFile === "") throw new TlsRefused("No tls-key-file configured!");
  const caFile = config.str("tls-ca-cert-file");
  const caDir = config.str("tls-ca-cert-dir");
  if (authClients !== "no" && caFile === "" && caDir === "") {
    throw new TlsRefused(
      "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, " +
        "tls-replication or tls-auth-clients are enabled!",
    );
  }
  const [minVersion, maxVersion] = versions(config.str("tls-protocols"));
  const cert = readCertificates(certFile, "certificate");
  const key = readKey(keyFile, config.str("tls-key-file-pass"));
  if (!new X509Certificate(cert).checkPrivateKey(key)) {
    throw new TlsRefused(`Failed to load private key: ${keyFile}: key values mismatch`);
  }
  const ciphers = config.str("tls-ciphers");
  const settings = {
    cert,
    key: String(key.export({ type: "pkcs8", format: "pem" })),
    ca: authorities(caFile, caDir),
    minVersion,
    maxVersion,
    honorCipherOrder: config.bool("tls-prefer-server-ciphers"),
    requestCert: authClients !== "no",
    rejectUnauthorized: authClients === "yes",
    ...(ciphers === "" ? {} : { ciphers }),
  };
  try {
    createSecureContext(settings);
  } catch (error) {
    const what = ciphers === "" ? "TLS" : "ciphers";
    throw new TlsRefused(`Failed to configure ${what}: ${errorText(error)}`);
  }
  return settings;
}

/** What the runtimes' TLS can't be told. */
function refuseCiphers(config: Config): void {
  const refuse = (name: string, why: string) => {
    throw new TlsRefused(`${name}: ${why}; remove it.`);
  };
  if (config.str("tls-ciphersuites") !== "") {
    refuse("tls-ciphersuites", "the suites of TLS 1.3 can't be chosen here");
  }
  if (!IS_DENO) return;
  if (config.str("tls-ciphers") !== "") {
    refuse("tls-ciphers", "ciphers can't be chosen on Deno (they can on Bun)");
  }
  if (config.bool("tls-prefer-server-ciphers")) {
    refuse("tls-prefer-server-ciphers", "ciphers can't be chosen on Deno (they can on Bun)");
  }
}

function versions(text: string): [SecureVersion, SecureVersion] {
  const names = text.toLowerCase().split(" ").filter((name) => name !== "");
  if (names.some((name) => !VERSIONS.includes(name))) {
    throw new TlsRefused(
      "Invalid tls-protocols specified. Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and " +
        "'TLSv1.3'.",
    );
  }
  if (names.includes("tlsv1") || names.includes("tlsv1.1")) {
    throw new TlsRefused("tls-protocols: TLS before version 1.2 is not offered; name later ones.");
  }
  const isWanted = (name: string) => names.length === 0 || names.includes(name);
  return [
    isWanted("tlsv1.2") ? "TLSv1.2" : "TLSv1.3",
    isWanted("tlsv1.3") ? "TLSv1.3" : "TLSv1.2",
  ];
}

/** A file of certificates; the first must be one. */
function readCertificates(file: string, what: string): string {
  try {
    const text = readFileSync(pathOf(file), "latin1");
    if (!text.includes("-----BEGIN CERTIFICATE-----")) throw new Error("no start line");
    new X509Certificate(text);
    return text;
  } catch (error) {
    throw new TlsRefused(`Failed to load ${what}: ${file}: ${errorText(error)}`);
  }
}

function readKey(file: string, passphrase: string): KeyObject {
  try {
    const pem = readFileSync(pathOf(file), "latin1");
    if (passphrase !== "") return createPrivateKey({ key: pem, passphrase });
    if (/ENCRYPTED/.test(pem)) {
      throw new Error("it is encrypted, and there is no tls-key-file-pass");
    }
    return createPrivateKey(pem);
  } catch (error) {
    throw new TlsRefused(`Failed to load private key: ${file}: ${errorText(error)}`);
  }
}

/** Who may have signed what clients present. Files of a folder that hold no certificate don't matter. */
function authorities(file: string, dir: string): string[] {
  const found = file === "" ? [] : [readCertificates(file, "CA certificate(s) file")];
  if (dir === "") return found;
  const path = pathOf(dir);
  try {
    for (const name of readdirSync(path)) {
      const text = readIfFile(join(path, name));
      if (text.includes("-----BEGIN CERTIFICATE-----")) found.push(text);
    }
  } catch (error) {
    throw new TlsRefused(`Failed to load CA certificate(s) directory: ${dir}: ${errorText(error)}`);
  }
  return found;
}

/** "" for what can't be read, such as a folder in a folder. */
function readIfFile(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
