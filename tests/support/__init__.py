"""What tests share: projects, samples, oracles, a recorded engine, a control plane."""
