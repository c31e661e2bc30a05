-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Ends the process.

return {
  run = function()
    os.exit(0)
  end,
}
