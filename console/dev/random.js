/** Numbers that are the same in every start, so that two screenshots can be compared. */
export function randomOf(seed) {
  let state = seed;
  return (most) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * most);
  };
}

export function ago(seconds) {
  return new Date(Date.now() - seconds * 1000).toISOString();
}

export function link(workflowId, runId = "0199f7a2-5b1c-7c55-9d3e-6a1f0d2b3c4d") {
  const path = [workflowId, runId].map(encodeURIComponent).join("/");
  return {
    workflowId,
    runId,
    url: `http://127.0.0.1:8233/namespaces/default/workflows/${path}/history`,
  };
}
