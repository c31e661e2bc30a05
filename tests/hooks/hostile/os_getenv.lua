-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Looks into the environment.

return {
  run = function()
    return os.getenv("PATH")
  end,
}
