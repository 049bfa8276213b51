import { List } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { rollBack, rollBackPlanQuery } from "../../api/assets.ts";
import { Act } from "../../components/Act.tsx";
import { Answer } from "../../components/Answer.tsx";

/** Takes a table back to a snapshot, after it was told what that means. */
export function RollBack({ asset, snapshot }: { asset: string; snapshot: number }) {
  return (
    <Act
      small
      danger
      label="Roll back"
      name={`Roll back ${asset} to snapshot ${snapshot}`}
      act={() => rollBack(asset, snapshot)}
      meaning={<Meaning asset={asset} snapshot={snapshot} />}
    />
  );
}

function Meaning({ asset, snapshot }: { asset: string; snapshot: number }) {
  const plan = useQuery(rollBackPlanQuery(asset, snapshot));
  return (
    <Answer query={plan}>
      {({ means }) => (
        <List size="sm" spacing={4}>
          {means.map((sentence) => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
      )}
    </Answer>
  );
}
