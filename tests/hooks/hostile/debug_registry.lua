-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Looks into the registry.

return {
  run = function()
    return debug.getregistry()
  end,
}
