/**
 * Everything that the audit can find: what is wrong, to be followed by how many and an example, and what to do.
 * docs/audit.md explains each.
 */
export const findingCodes = {
  "object-missing": {
    what: "files that landing reads are missing in S3",
    remedy:
      "Upload them again as they were, or run `lotus feed SOURCE STREAM`, which takes what is lost out of landing.",
  },
  "object-overwritten": {
    what: "objects were overwritten after they were fed, and landing still has what they held before",
    remedy: "Run `lotus feed SOURCE STREAM`, which replaces what they brought.",
  },
  "object-fed-twice": {
    what: "objects were fed more than once by the ledger",
    remedy: "Their rows may count twice: run `lotus materialize ASSET --full`, and report it.",
  },
  "set-aside-without-reason": {
    what: "files are in quarantine and nothing says why",
    remedy: "Run `lotus quarantine retry SOURCE STREAM`.",
  },
  "landing-file-unknown": {
    what: "files in the landing table were never fed by the ledger",
    remedy: "Somebody wrote to the landing table: delete these rows (`DELETE ... WHERE filename = ...`).",
  },
  "landing-file-missing": {
    what: "files were fed by the ledger and are not in the landing table",
    remedy: "Somebody deleted from the landing table: upload their content under new keys.",
  },
  "landing-file-twice": {
    what: "files are registered more than once, so that their rows count more than once",
    remedy: "Somebody registered files by hand: take the later registration out, and report it otherwise.",
  },
  "landing-unreadable": {
    what: "files of the landing table cannot be read as the catalog lists them",
    remedy: "Bring the objects back as they were, or run `lotus feed SOURCE STREAM`.",
  },
  "landing-rows-differ": {
    what: "files have another number of rows in the landing table than the ledger says",
    remedy: "Somebody changed rows of the landing table or of the ledger: restore what the files hold.",
  },
  "landing-content-differs": {
    what: "files hold other values than the landing table shows for them",
    remedy: "Upload their content under new keys, and report it.",
  },
  "row-repeated": {
    what: "keys have more than one row",
    remedy: "Run `lotus materialize ASSET --full`.",
  },
  "row-missing": {
    what: "rows that the model gives are not in the table",
    remedy: "Run `lotus materialize ASSET --full`.",
  },
  "row-extra": {
    what: "rows in the table are none that the model gives",
    remedy: "Run `lotus materialize ASSET --full`.",
  },
  "row-differs": {
    what: "rows differ from what the model gives for their keys",
    remedy: "Run `lotus materialize ASSET --full`.",
  },
  "model-fails": {
    what: "the model fails over rows that it was fed with",
    remedy: "Correct the model; `lotus status` says more.",
  },
  "batch-repeated": {
    what: "batches are recorded more than once",
    remedy: "A batch was committed twice: run `lotus materialize ASSET --full`, and report it.",
  },
  "batch-ledger-differs": {
    what: "batches differ from the ledger's entries of their files",
    remedy: "Somebody changed a log: restore the entries, which `AT (VERSION => ...)` still shows.",
  },
  "ledger-batch-unknown": {
    what: "fed files name batches that are not recorded",
    remedy: "Somebody changed a log: restore the entries, which `AT (VERSION => ...)` still shows.",
  },
  "cursor-differs": {
    what: "the cursor is not the furthest file that was fed",
    remedy:
      "Feeding goes on rightly as long as whole listings are made; correct the last batch's cursor_path.",
  },
  "epoch-shared": {
    what: "epochs of the writer's fence were used more than once",
    remedy: "Two writers committed at once: run `lotus materialize ASSET --full`, and report it.",
  },
  "fence-differs": {
    what: "the writer's fence does not fit what the writer recorded",
    remedy: "Set it to the highest epoch in the writer's logs while nothing runs, and report it.",
  },
  "batch-without-snapshot": {
    what: "batches are recorded that no snapshot made",
    remedy: "Somebody wrote to meta.feeder_batches: remove the entries.",
  },
  "snapshot-without-batch": {
    what: "snapshots name batches that are not recorded",
    remedy:
      "Somebody changed meta.feeder_batches: restore the entries, which `AT (VERSION => ...)` still shows.",
  },
  "batch-snapshots": {
    what: "batches were made by more than one snapshot",
    remedy: "A batch was committed twice: run `lotus materialize ASSET --full`, and report it.",
  },
  "lake-file-missing": {
    what: "files that the catalog names are missing in S3",
    remedy: "Restore them from a backup of the bucket; or roll the table back, or rebuild it.",
  },
  "lake-file-size": {
    what: "files have another size in S3 than in the catalog",
    remedy: "Restore them from a backup of the bucket; or roll the table back, or rebuild it.",
  },
  "table-unreadable": {
    what: "tables that cannot be read, or that read one",
    remedy:
      "See what lake-file-missing and lake-file-size say; restore the files, or roll the table back or rebuild it.",
  },
  orphan: {
    what: "objects under lakehouse/ belong to nothing that the catalog knows",
    remedy: "`lotus maintenance run` deletes them.",
  },
} as const satisfies Record<string, { what: string; remedy: string }>;

export type FindingCode = keyof typeof findingCodes;
