import { Component, type ReactNode } from "react";
import { Failure } from "../components/Feedback.tsx";

/** A page that breaks says so, and leaves the menu working. */
export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    // A page whose code could not be loaded comes with the reload, from a newer console too.
    if (this.state.error !== null)
      return <Failure error={this.state.error} retry={() => window.location.reload()} />;
    return this.props.children;
  }
}
