// Made from the API's OpenAPI document by `npm run client`.
// biome-ignore-all format: generated
// biome-ignore-all lint: generated

export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether this process answers */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {boolean} */
                            ok: true;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether everything that it needs answers, and which part does not */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Readiness"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Readiness"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** For Prometheus */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/assets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every asset and how it stands */
        get: {
            parameters: {
                query?: {
                    /** @description At most so many */
                    limit?: number;
                    /** @description `next` of the page before */
                    cursor?: string;
                    kind?: "landing" | "feeder" | "processed" | "enriched";
                    state?: "fresh" | "stale" | "waiting" | "running" | "failed" | "held" | "disabled" | "late" | "changed";
                    /** @description A source, or a domain */
                    group?: string;
                    tag?: string;
                    /** @description Part of a name or description */
                    search?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            items: components["schemas"]["AssetSummary"][];
                            /** @description The cursor of the next page; null: there is none */
                            next: string | null;
                        };
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/assets/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One asset: what it is, how it stands, and why */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AssetDetail"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/lineage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The graph of assets, from source to fact; whole, or around one asset */
        get: {
            parameters: {
                query?: {
                    /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
                    around?: string;
                    direction?: "upstream" | "downstream" | "both";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Lineage"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/assets/{key}/materialize": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Bring a processed or enriched table up to date now */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
                    key: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /**
                         * @description Rebuild it, even where increments would do
                         * @default false
                         */
                        full?: boolean;
                        /**
                         * @description Of a processed table: keep the rows of files that landing no longer has
                         * @default false
                         */
                        keepOlder?: boolean;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every stream: its cursor, and what waits */
        get: {
            parameters: {
                query?: {
                    /** @description At most so many */
                    limit?: number;
                    /** @description `next` of the page before */
                    cursor?: string;
                    source?: string;
                    state?: string;
                    /** @description Only those for which files wait, or do not */
                    waiting?: string;
                    /** @description Only those with files set aside, or without */
                    quarantined?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            items: components["schemas"]["StreamSummary"][];
                            /** @description The cursor of the next page; null: there is none */
                            next: string | null;
                        };
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{source}/{stream}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One stream: config, lag, last batches, throughput */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    source: string;
                    stream: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StreamDetail"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{source}/{stream}/batches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A stream's batches, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description At most so many */
                    limit?: number;
                    /** @description `next` of the page before */
                    cursor?: string;
                };
                header?: never;
                path: {
                    source: string;
                    stream: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            items: components["schemas"]["Batch"][];
                            /** @description The cursor of the next page; null: there is none */
                            next: string | null;
                        };
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{source}/{stream}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The ledger: every object that was fed, by key */
        get: {
            parameters: {
                query?: {
                    /** @description At most so many */
                    limit?: number;
                    /** @description `next` of the page before */
                    cursor?: string;
                    state?: "fed" | "removed" | "lost";
                    /** @description Only keys that begin so */
                    prefix?: string;
                };
                header?: never;
                path: {
                    source: string;
                    stream: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            items: components["schemas"]["LedgerFile"][];
                            /** @description The cursor of the next page; null: there is none */
                            next: string | null;
                        };
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{source}/{stream}/tick": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Look for new files now */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    source: string;
                    stream: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{source}/{stream}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Feed nothing until it is resumed; files wait */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    source: string;
                    stream: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{source}/{stream}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Feed again what waits */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    source: string;
                    stream: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/quarantine": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Files that were set aside, with their reasons */
        get: {
            parameters: {
                query?: {
                    /** @description At most so many */
                    limit?: number;
                    /** @description `next` of the page before */
                    cursor?: string;
                    source?: string;
                    stream?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            items: components["schemas"]["QuarantinedFile"][];
                            /** @description The cursor of the next page; null: there is none */
                            next: string | null;
                        };
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{source}/{stream}/quarantine/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let files wait once more */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    source: string;
                    stream: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description null: all of the stream's */
                        key: string | null;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{source}/{stream}/quarantine/drop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Never feed these files as they are */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    source: string;
                    stream: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description null: all of the stream's */
                        key: string | null;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/s3": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** An S3 server's event notification: AWS, MinIO, SeaweedFS */
        post: {
            parameters: {
                query?: {
                    /** @description For senders that know no Authorization header */
                    token?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Woken"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/airbyte": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Airbyte's notification that a sync has ended */
        post: {
            parameters: {
                query?: {
                    /** @description For senders that know no Authorization header */
                    token?: string;
                    /** @description Which source it was; default: by the names in Airbyte */
                    source?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Woken"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backfills": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Backfills, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description At most so many */
                    limit?: number;
                    /** @description `next` of the page before */
                    cursor?: string;
                    state?: "running" | "paused" | "cancelled" | "done" | "failed";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            items: components["schemas"]["Backfill"][];
                            /** @description The cursor of the next page; null: there is none */
                            next: string | null;
                        };
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Begin a backfill, or say what it would do (dryRun) */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["BackfillRequestInput"];
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BackfillStarted"];
                    };
                };
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BackfillStarted"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backfills/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One backfill and how far it is */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Backfill"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backfills/{id}/chunks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Its chunks, in their order */
        get: {
            parameters: {
                query?: {
                    /** @description At most so many */
                    limit?: number;
                    /** @description `next` of the page before */
                    cursor?: string;
                    state?: "waiting" | "running" | "done" | "failed" | "cancelled";
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            items: components["schemas"]["BackfillChunk"][];
                            /** @description The cursor of the next page; null: there is none */
                            next: string | null;
                        };
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backfills/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin no further chunks; those that run end */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backfills/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Go on after a pause */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backfills/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give up the chunks that wait; those that run end */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backfills/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let chunks that failed, or were given up, wait once more */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /**
                         * @description null: all of them
                         * @default null
                         */
                        chunk?: number | null;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Runs, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description At most so many */
                    limit?: number;
                    /** @description `next` of the page before */
                    cursor?: string;
                    asset?: string;
                    /** @description SOURCE/STREAM */
                    stream?: string;
                    trigger?: string;
                    status?: "running" | "completed" | "failed" | "cancelled" | "terminated" | "continued" | "timed_out";
                    /** @description feeder, materialize, sensor, automation, maintenance, backfill */
                    type?: string;
                    /** @description Started then or later */
                    after?: string;
                    /** @description Started before */
                    before?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            items: components["schemas"]["Run"][];
                            /** @description The cursor of the next page; null: there is none */
                            next: string | null;
                        };
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{workflowId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One run */
        get: {
            parameters: {
                query?: {
                    /** @description Default: the workflow's last run */
                    runId?: string;
                };
                header?: never;
                path: {
                    /** @description Percent-encoded: feeder%2Fshop%2Forders */
                    workflowId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RunDetail"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{workflowId}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel a run: its statement is interrupted, and nothing of it stays */
        post: {
            parameters: {
                query?: {
                    /** @description Default: the workflow's last run */
                    runId?: string;
                };
                header?: never;
                path: {
                    /** @description Percent-encoded: feeder%2Fshop%2Forders */
                    workflowId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/snapshots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Snapshots, newest first: what each changed, and which run made it */
        get: {
            parameters: {
                query?: {
                    /** @description At most so many */
                    limit?: number;
                    /** @description `next` of the page before */
                    cursor?: string;
                    /** @description Only those that changed this table */
                    table?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            items: components["schemas"]["Snapshot"][];
                            /** @description The cursor of the next page; null: there is none */
                            next: string | null;
                        };
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/snapshots/compare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Two snapshots, table by table: rows added, changed, deleted */
        get: {
            parameters: {
                query: {
                    /** @description A number, or a time */
                    from: string;
                    to: string;
                    table?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SnapshotComparison"];
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read the lake with SQL
         * @description One statement that reads, in DuckDB's dialect, over one snapshot; only the lake's tables.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        sql: string;
                        /**
                         * @default json
                         * @enum {string}
                         */
                        format?: "json" | "csv" | "parquet";
                        /** @default 10000 */
                        maxRows?: number;
                        /** @default 30 */
                        timeoutSeconds?: number;
                    };
                };
            };
            responses: {
                /** @description The result */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["QueryResult"];
                        "text/csv": string;
                        "application/vnd.apache.parquet": string;
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What can be read: tables and views with their columns */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            tables: {
                                schema: string;
                                name: string;
                                columns: {
                                    name: string;
                                    type: string;
                                }[];
                            }[];
                        };
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happens, as it happens (server-sent events)
         * @description Events: `batch`, `materialization`, `state`, `backfill`, `maintenance`, `other`, each with the snapshot as its id; `status` when an asset's state has changed, without an id. Resume with Last-Event-ID.
         */
        get: {
            parameters: {
                query?: {
                    /** @description As Last-Event-ID */
                    after?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": string;
                    };
                };
                /** @description Default Response */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Why a request failed (RFC 9457) */
        ProblemInput: {
            /** @description urn:lotus:error: and the code */
            type: string;
            /** @description What errors of this code are about */
            title: string;
            status: number;
            /** @description Stable; docs/errors.md has each */
            code: string;
            /** @description What happened, and what to do next */
            detail: string;
            /** @description The request's id, as in the log */
            instance: string;
            /** @description What is wrong with the request, and where */
            errors?: {
                at: string;
                message: string;
            }[];
        };
        /** @description The work was handed to its writer */
        AcceptedInput: {
            run: {
                workflowId: string;
                runId: string | null;
                /** @description In Temporal's UI; null where its address is not known */
                url: string | null;
            };
            message: string;
        };
        AssetSummaryInput: {
            /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
            key: string;
            /** @enum {string} */
            kind: "landing" | "feeder" | "processed" | "enriched";
            /** @description Its source, or its domain */
            group: string | null;
            description: string | null;
            owner: string | null;
            tags: string[];
            /** @enum {string} */
            state: "fresh" | "stale" | "waiting" | "running" | "failed" | "held" | "disabled" | "late" | "changed";
            /** @description Why it is in that state, and what it waits for */
            reason: string | null;
            rows: number | null;
            /** @description Of its Parquet files */
            bytes: number | null;
            /** @description The last that changed it */
            snapshot: number | null;
            updatedAt: string | null;
            upstream: string[];
            downstream: string[];
        };
        MaterializationInput: {
            /** @enum {string} */
            mode: "incremental" | "rebuild";
            /** @description Why it was a rebuild */
            reason: string | null;
            /** @description In the table afterwards */
            rows: number;
            changedRows: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            startedAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            committedAt: string;
            seconds: number;
            /** @description That it made; null where it has expired */
            snapshot: number | null;
            /** @description Upstream → the snapshot that was read */
            upstreamSnapshots: {
                [key: string]: number;
            };
            codeHash: string;
            run: {
                workflowId: string;
                runId: string | null;
                /** @description In Temporal's UI; null where its address is not known */
                url: string | null;
            };
        };
        ActivityInput: {
            run: {
                workflowId: string;
                runId: string | null;
                /** @description In Temporal's UI; null where its address is not known */
                url: string | null;
            };
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            startedAt: string;
            /** @description The activity that runs, or is tried again */
            work: string | null;
            attempt: number | null;
            lastFailure: string | null;
            nextAttemptAt: string | null;
        };
        AssetDetailInput: {
            /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
            key: string;
            /** @enum {string} */
            kind: "landing" | "feeder" | "processed" | "enriched";
            /** @description Its source, or its domain */
            group: string | null;
            description: string | null;
            owner: string | null;
            tags: string[];
            /** @enum {string} */
            state: "fresh" | "stale" | "waiting" | "running" | "failed" | "held" | "disabled" | "late" | "changed";
            /** @description Why it is in that state, and what it waits for */
            reason: string | null;
            rows: number | null;
            /** @description Of its Parquet files */
            bytes: number | null;
            /** @description The last that changed it */
            snapshot: number | null;
            updatedAt: string | null;
            upstream: string[];
            downstream: string[];
            /** @description Relative to the project; null: derived */
            file: string | null;
            sql: string | null;
            /** @description Of the landing table that it fills */
            ddl: string | null;
            columns: {
                name: string;
                type: string;
                description: string | null;
                checks: string[];
            }[];
            uniqueKey: string[];
            /** @description How an enriched table is brought up to date, and why it cannot be by increments */
            upkeep: {
                /** @enum {string} */
                mode: "incremental" | "rebuild";
                reasons: string[];
            } | null;
            codeHash: string | null;
            /** @description Whether its rows were made by other code than it has now */
            codeChanged: boolean;
            freshness: {
                limit: string;
                lateBySeconds: number | null;
            } | null;
            /** @description Null: its writer rests */
            activity: components["schemas"]["ActivityInput"] | null;
            /** @description The last 20, newest first */
            materializations: components["schemas"]["MaterializationInput"][];
        };
        LineageInput: {
            nodes: components["schemas"]["AssetSummaryInput"][];
            edges: {
                /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
                from: string;
                /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
                to: string;
            }[];
        };
        BackfillRequestInput: {
            /**
             * @description `reprocess`: the processed models run again over rows that are in landing. `refeed`: files of the range that retention removed and that are back in S3 are fed again. `rebuild`: whole tables are made anew
             * @enum {string}
             */
            mode: "reprocess" | "refeed" | "rebuild";
            /** @description SOURCE/STREAM */
            streams?: string[];
            assets?: string[];
            /** @description And everything that reads these, near or far */
            downstreamOf?: string[];
            /**
             * Format: date
             * @description The first day; default: the earliest there is
             */
            from?: string;
            /**
             * Format: date
             * @description The last day, included; default: the latest there is
             */
            to?: string;
            /**
             * @description How many chunks run at once
             * @default 2
             */
            maxConcurrent?: number;
            /**
             * @description Only say what would happen
             * @default false
             */
            dryRun?: boolean;
            /** @description A second request with the same key is answered with the first one's backfill */
            idempotencyKey?: string;
        };
        BackfillPlanInput: {
            /** @enum {string} */
            mode: "reprocess" | "refeed" | "rebuild";
            targets: {
                /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
                asset: string;
                stream: string | null;
                from: string | null;
                to: string | null;
                days: number;
                files: number;
                bytes: number;
                chunks: number;
            }[];
            /** @description What follows by itself */
            downstream: string[];
            days: number;
            files: number;
            bytes: number;
            chunks: number;
        };
        BackfillInput: {
            id: string;
            /** @enum {string} */
            mode: "reprocess" | "refeed" | "rebuild";
            /** @enum {string} */
            state: "running" | "paused" | "cancelled" | "done" | "failed";
            requestedBy: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            requestedAt: string;
            endedAt: string | null;
            from: string | null;
            to: string | null;
            maxConcurrent: number;
            assets: string[];
            chunks: {
                total: number;
                waiting: number;
                running: number;
                done: number;
                failed: number;
                cancelled: number;
            };
            files: number;
            bytes: number;
            /** @description So far */
            changedRows: number;
            run: {
                workflowId: string;
                runId: string | null;
                /** @description In Temporal's UI; null where its address is not known */
                url: string | null;
            };
        };
        BackfillChunkInput: {
            number: number;
            /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
            asset: string;
            /** @enum {string} */
            state: "waiting" | "running" | "done" | "failed" | "cancelled";
            from: string | null;
            to: string | null;
            files: number;
            bytes: number;
            changedRows: number | null;
            /** @description Why it failed */
            message: string | null;
            startedAt: string | null;
            endedAt: string | null;
        };
        BackfillStartedInput: {
            id: string;
            /** @description Whether this request made it */
            created: boolean;
            plan: components["schemas"]["BackfillPlanInput"];
        };
        WokenInput: {
            /** @description SOURCE/STREAM whose sensors look now */
            woken: string[];
            /** @description Objects of no stream of this lake */
            ignored: number;
            message: string;
        };
        ReadinessInput: {
            ready: boolean;
            catalog: {
                ok: boolean;
                message: string | null;
            };
            s3: {
                ok: boolean;
                message: string | null;
            };
            temporal: {
                ok: boolean;
                message: string | null;
            };
        };
        QueryResultInput: {
            columns: {
                name: string;
                type: string;
            }[];
            /** @description BIGINT, DECIMAL, dates and times as text, exact */
            rows: unknown[][];
            rowCount: number;
            /** @description Whether there are more rows than maxRows */
            truncated: boolean;
            seconds: number;
        };
        RunInput: {
            workflowId: string;
            runId: string;
            type: string;
            /** @enum {string} */
            status: "running" | "completed" | "failed" | "cancelled" | "terminated" | "continued" | "timed_out";
            asset: string | null;
            stream: string | null;
            triggers: string[];
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            startedAt: string;
            endedAt: string | null;
            url: string | null;
        };
        RunDetailInput: {
            workflowId: string;
            runId: string;
            type: string;
            /** @enum {string} */
            status: "running" | "completed" | "failed" | "cancelled" | "terminated" | "continued" | "timed_out";
            asset: string | null;
            stream: string | null;
            triggers: string[];
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            startedAt: string;
            endedAt: string | null;
            url: string | null;
            historyEvents: number;
            activities: components["schemas"]["ActivityInput"][];
            failure: string | null;
        };
        SnapshotInput: {
            id: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            time: string;
            author: string | null;
            message: string | null;
            tables: string[];
            run: string | null;
        };
        SnapshotComparisonInput: {
            from: number;
            to: number;
            tables: {
                table: string;
                added: number;
                changed: number;
                deleted: number;
                /** @description Why there are no counts: created, dropped, or expired in between */
                note: string | null;
            }[];
        };
        StreamSummaryInput: {
            source: string;
            stream: string;
            /** @description Its processed table */
            asset: string;
            paused: boolean;
            state: string;
            reason: string | null;
            /** @description s3:// path of the furthest file that was fed */
            cursor: string | null;
            lag: {
                files: number;
                bytes: number;
                /** @description How long the oldest of them has waited */
                oldestSeconds: number | null;
            };
            quarantinedFiles: number;
            rows: number;
            batches: number;
            lastBatchAt: string | null;
            /**
             * Format: date-time
             * @description When S3 was listed for this answer
             */
            lookedAt: string;
        };
        BatchInput: {
            id: string;
            source: string;
            stream: string;
            files: number;
            rows: number;
            bytes: number;
            quarantined: number;
            firstKey: string | null;
            lastKey: string | null;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            startedAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            committedAt: string;
            seconds: number;
            run: string;
        };
        /** @description What was fed within an hour */
        ThroughputInput: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            at: string;
            files: number;
            rows: number;
            bytes: number;
            batches: number;
        };
        LedgerFileInput: {
            key: string;
            etag: string;
            size: number;
            rows: number;
            batch: string;
            state: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            fedAt: string;
        };
        QuarantinedFileInput: {
            source: string;
            stream: string;
            key: string;
            etag: string;
            size: number;
            reason: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            setAsideAt: string;
        };
        StreamDetailInput: {
            source: string;
            stream: string;
            /** @description Its processed table */
            asset: string;
            paused: boolean;
            state: string;
            reason: string | null;
            /** @description s3:// path of the furthest file that was fed */
            cursor: string | null;
            lag: {
                files: number;
                bytes: number;
                /** @description How long the oldest of them has waited */
                oldestSeconds: number | null;
            };
            quarantinedFiles: number;
            rows: number;
            batches: number;
            lastBatchAt: string | null;
            /**
             * Format: date-time
             * @description When S3 was listed for this answer
             */
            lookedAt: string;
            file: string;
            syncMode: string;
            destinationSyncMode: string;
            primaryKey: string[];
            cursorField: string | null;
            feeder: {
                batchBytes: number;
                batchFiles: number;
                pollSeconds: number;
                lookbackDays: number;
                /** @description `keep`, or how long */
                retention: string;
                onNewColumn: string;
            };
            ddl: string;
            lastBatches: components["schemas"]["BatchInput"][];
            /** @description The last 24 hours, an entry an hour */
            throughput: components["schemas"]["ThroughputInput"][];
        };
        /** @description Why a request failed (RFC 9457) */
        Problem: {
            /** @description urn:lotus:error: and the code */
            type: string;
            /** @description What errors of this code are about */
            title: string;
            status: number;
            /** @description Stable; docs/errors.md has each */
            code: string;
            /** @description What happened, and what to do next */
            detail: string;
            /** @description The request's id, as in the log */
            instance: string;
            /** @description What is wrong with the request, and where */
            errors?: {
                at: string;
                message: string;
            }[];
        };
        /** @description The work was handed to its writer */
        Accepted: {
            run: {
                workflowId: string;
                runId: string | null;
                /** @description In Temporal's UI; null where its address is not known */
                url: string | null;
            };
            message: string;
        };
        AssetSummary: {
            /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
            key: string;
            /** @enum {string} */
            kind: "landing" | "feeder" | "processed" | "enriched";
            /** @description Its source, or its domain */
            group: string | null;
            description: string | null;
            owner: string | null;
            tags: string[];
            /** @enum {string} */
            state: "fresh" | "stale" | "waiting" | "running" | "failed" | "held" | "disabled" | "late" | "changed";
            /** @description Why it is in that state, and what it waits for */
            reason: string | null;
            rows: number | null;
            /** @description Of its Parquet files */
            bytes: number | null;
            /** @description The last that changed it */
            snapshot: number | null;
            updatedAt: string | null;
            upstream: string[];
            downstream: string[];
        };
        Materialization: {
            /** @enum {string} */
            mode: "incremental" | "rebuild";
            /** @description Why it was a rebuild */
            reason: string | null;
            /** @description In the table afterwards */
            rows: number;
            changedRows: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            startedAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            committedAt: string;
            seconds: number;
            /** @description That it made; null where it has expired */
            snapshot: number | null;
            /** @description Upstream → the snapshot that was read */
            upstreamSnapshots: {
                [key: string]: number;
            };
            codeHash: string;
            run: {
                workflowId: string;
                runId: string | null;
                /** @description In Temporal's UI; null where its address is not known */
                url: string | null;
            };
        };
        Activity: {
            run: {
                workflowId: string;
                runId: string | null;
                /** @description In Temporal's UI; null where its address is not known */
                url: string | null;
            };
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            startedAt: string;
            /** @description The activity that runs, or is tried again */
            work: string | null;
            attempt: number | null;
            lastFailure: string | null;
            nextAttemptAt: string | null;
        };
        AssetDetail: {
            /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
            key: string;
            /** @enum {string} */
            kind: "landing" | "feeder" | "processed" | "enriched";
            /** @description Its source, or its domain */
            group: string | null;
            description: string | null;
            owner: string | null;
            tags: string[];
            /** @enum {string} */
            state: "fresh" | "stale" | "waiting" | "running" | "failed" | "held" | "disabled" | "late" | "changed";
            /** @description Why it is in that state, and what it waits for */
            reason: string | null;
            rows: number | null;
            /** @description Of its Parquet files */
            bytes: number | null;
            /** @description The last that changed it */
            snapshot: number | null;
            updatedAt: string | null;
            upstream: string[];
            downstream: string[];
            /** @description Relative to the project; null: derived */
            file: string | null;
            sql: string | null;
            /** @description Of the landing table that it fills */
            ddl: string | null;
            columns: {
                name: string;
                type: string;
                description: string | null;
                checks: string[];
            }[];
            uniqueKey: string[];
            /** @description How an enriched table is brought up to date, and why it cannot be by increments */
            upkeep: {
                /** @enum {string} */
                mode: "incremental" | "rebuild";
                reasons: string[];
            } | null;
            codeHash: string | null;
            /** @description Whether its rows were made by other code than it has now */
            codeChanged: boolean;
            freshness: {
                limit: string;
                lateBySeconds: number | null;
            } | null;
            /** @description Null: its writer rests */
            activity: components["schemas"]["Activity"] | null;
            /** @description The last 20, newest first */
            materializations: components["schemas"]["Materialization"][];
        };
        Lineage: {
            nodes: components["schemas"]["AssetSummary"][];
            edges: {
                /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
                from: string;
                /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
                to: string;
            }[];
        };
        BackfillRequest: {
            /**
             * @description `reprocess`: the processed models run again over rows that are in landing. `refeed`: files of the range that retention removed and that are back in S3 are fed again. `rebuild`: whole tables are made anew
             * @enum {string}
             */
            mode: "reprocess" | "refeed" | "rebuild";
            /** @description SOURCE/STREAM */
            streams?: string[];
            assets?: string[];
            /** @description And everything that reads these, near or far */
            downstreamOf?: string[];
            /**
             * Format: date
             * @description The first day; default: the earliest there is
             */
            from?: string;
            /**
             * Format: date
             * @description The last day, included; default: the latest there is
             */
            to?: string;
            /**
             * @description How many chunks run at once
             * @default 2
             */
            maxConcurrent: number;
            /**
             * @description Only say what would happen
             * @default false
             */
            dryRun: boolean;
            /** @description A second request with the same key is answered with the first one's backfill */
            idempotencyKey?: string;
        };
        BackfillPlan: {
            /** @enum {string} */
            mode: "reprocess" | "refeed" | "rebuild";
            targets: {
                /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
                asset: string;
                stream: string | null;
                from: string | null;
                to: string | null;
                days: number;
                files: number;
                bytes: number;
                chunks: number;
            }[];
            /** @description What follows by itself */
            downstream: string[];
            days: number;
            files: number;
            bytes: number;
            chunks: number;
        };
        Backfill: {
            id: string;
            /** @enum {string} */
            mode: "reprocess" | "refeed" | "rebuild";
            /** @enum {string} */
            state: "running" | "paused" | "cancelled" | "done" | "failed";
            requestedBy: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            requestedAt: string;
            endedAt: string | null;
            from: string | null;
            to: string | null;
            maxConcurrent: number;
            assets: string[];
            chunks: {
                total: number;
                waiting: number;
                running: number;
                done: number;
                failed: number;
                cancelled: number;
            };
            files: number;
            bytes: number;
            /** @description So far */
            changedRows: number;
            run: {
                workflowId: string;
                runId: string | null;
                /** @description In Temporal's UI; null where its address is not known */
                url: string | null;
            };
        };
        BackfillChunk: {
            number: number;
            /** @description int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables */
            asset: string;
            /** @enum {string} */
            state: "waiting" | "running" | "done" | "failed" | "cancelled";
            from: string | null;
            to: string | null;
            files: number;
            bytes: number;
            changedRows: number | null;
            /** @description Why it failed */
            message: string | null;
            startedAt: string | null;
            endedAt: string | null;
        };
        BackfillStarted: {
            id: string;
            /** @description Whether this request made it */
            created: boolean;
            plan: components["schemas"]["BackfillPlan"];
        };
        Woken: {
            /** @description SOURCE/STREAM whose sensors look now */
            woken: string[];
            /** @description Objects of no stream of this lake */
            ignored: number;
            message: string;
        };
        Readiness: {
            ready: boolean;
            catalog: {
                ok: boolean;
                message: string | null;
            };
            s3: {
                ok: boolean;
                message: string | null;
            };
            temporal: {
                ok: boolean;
                message: string | null;
            };
        };
        QueryResult: {
            columns: {
                name: string;
                type: string;
            }[];
            /** @description BIGINT, DECIMAL, dates and times as text, exact */
            rows: unknown[][];
            rowCount: number;
            /** @description Whether there are more rows than maxRows */
            truncated: boolean;
            seconds: number;
        };
        Run: {
            workflowId: string;
            runId: string;
            type: string;
            /** @enum {string} */
            status: "running" | "completed" | "failed" | "cancelled" | "terminated" | "continued" | "timed_out";
            asset: string | null;
            stream: string | null;
            triggers: string[];
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            startedAt: string;
            endedAt: string | null;
            url: string | null;
        };
        RunDetail: {
            workflowId: string;
            runId: string;
            type: string;
            /** @enum {string} */
            status: "running" | "completed" | "failed" | "cancelled" | "terminated" | "continued" | "timed_out";
            asset: string | null;
            stream: string | null;
            triggers: string[];
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            startedAt: string;
            endedAt: string | null;
            url: string | null;
            historyEvents: number;
            activities: components["schemas"]["Activity"][];
            failure: string | null;
        };
        Snapshot: {
            id: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            time: string;
            author: string | null;
            message: string | null;
            tables: string[];
            run: string | null;
        };
        SnapshotComparison: {
            from: number;
            to: number;
            tables: {
                table: string;
                added: number;
                changed: number;
                deleted: number;
                /** @description Why there are no counts: created, dropped, or expired in between */
                note: string | null;
            }[];
        };
        StreamSummary: {
            source: string;
            stream: string;
            /** @description Its processed table */
            asset: string;
            paused: boolean;
            state: string;
            reason: string | null;
            /** @description s3:// path of the furthest file that was fed */
            cursor: string | null;
            lag: {
                files: number;
                bytes: number;
                /** @description How long the oldest of them has waited */
                oldestSeconds: number | null;
            };
            quarantinedFiles: number;
            rows: number;
            batches: number;
            lastBatchAt: string | null;
            /**
             * Format: date-time
             * @description When S3 was listed for this answer
             */
            lookedAt: string;
        };
        Batch: {
            id: string;
            source: string;
            stream: string;
            files: number;
            rows: number;
            bytes: number;
            quarantined: number;
            firstKey: string | null;
            lastKey: string | null;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            startedAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            committedAt: string;
            seconds: number;
            run: string;
        };
        /** @description What was fed within an hour */
        Throughput: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            at: string;
            files: number;
            rows: number;
            bytes: number;
            batches: number;
        };
        LedgerFile: {
            key: string;
            etag: string;
            size: number;
            rows: number;
            batch: string;
            state: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            fedAt: string;
        };
        QuarantinedFile: {
            source: string;
            stream: string;
            key: string;
            etag: string;
            size: number;
            reason: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC
             */
            setAsideAt: string;
        };
        StreamDetail: {
            source: string;
            stream: string;
            /** @description Its processed table */
            asset: string;
            paused: boolean;
            state: string;
            reason: string | null;
            /** @description s3:// path of the furthest file that was fed */
            cursor: string | null;
            lag: {
                files: number;
                bytes: number;
                /** @description How long the oldest of them has waited */
                oldestSeconds: number | null;
            };
            quarantinedFiles: number;
            rows: number;
            batches: number;
            lastBatchAt: string | null;
            /**
             * Format: date-time
             * @description When S3 was listed for this answer
             */
            lookedAt: string;
            file: string;
            syncMode: string;
            destinationSyncMode: string;
            primaryKey: string[];
            cursorField: string | null;
            feeder: {
                batchBytes: number;
                batchFiles: number;
                pollSeconds: number;
                lookbackDays: number;
                /** @description `keep`, or how long */
                retention: string;
                onNewColumn: string;
            };
            ddl: string;
            lastBatches: components["schemas"]["Batch"][];
            /** @description The last 24 hours, an entry an hour */
            throughput: components["schemas"]["Throughput"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
