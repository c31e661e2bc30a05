-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Removes a file.

return {
  run = function()
    os.remove("/tmp/x")
  end,
}
