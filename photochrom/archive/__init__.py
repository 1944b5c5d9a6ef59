"""Archives: many photographs on any storage, with a manifest that says what became of each."""
