"""What every HTML page of fusbench shares: its look, its data and the policy that guards it."""
