"""From facts to a trace and a verdict. Pure: values in, values out; no client, session or clock."""
