print("hydron")
