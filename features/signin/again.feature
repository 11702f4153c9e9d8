Feature: Signing in again
  A till loses its place when the host has moved on: another batch, signed off over night, new parameters. It must
  find its way back, and until it has, nobody's money moves.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SIG-014 @host-control
  Scenario Outline: The host answers 77 since <why>
    Given the host has <event>
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SIGN_IN_AGAIN
    And "T1" is signed off
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | 77   |
    And Bob's card holds 5000.00 CNY

    Examples:
      | why                    | event                          |
      | the batches differ     | opened batch "000002" for "T1" |
      | it signed the till off | signed "T1" off                |

  @SIG-014 @host-control
  Scenario Outline: After a new sign-in the sale goes through, in batch <batch>
    Given the host has <event>
    When Bob swipes 10.00 CNY at "T1"
    And the cashier signs in at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SIGN_IN_AGAIN
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message        | trace | code | batch   |
      | T1   | sale           | 2     |      | 000001  |
      | host | sale answer    | 2     | 77   | 000001  |
      | T1   | sign-in        | 3     |      | 000001  |
      | host | sign-in answer | 3     | 00   | <batch> |
      | T1   | sale           | 4     |      | <batch> |
      | host | sale answer    | 4     | 00   | <batch> |
    And "T1" works in batch "<batch>"
    And Bob's card holds 4990.00 CNY

    Examples:
      | event                          | batch  |
      | opened batch "000002" for "T1" | 000002 |
      | signed "T1" off                | 000001 |

  @SIG-014 @host-control
  Scenario: A PIN that the host could not translate takes the sign-in away
    Given the host answers the 1st sale with "99"
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows SIGN_IN_AGAIN
    And "T1" is signed off
    And Alice's card holds 1000.00 CNY

  @SIG-015 @host-control @unionpay
  Scenario: The host asks for a new sign-in in the header of an answer, and the next sale begins with it
    Given the host asks "T1" to sign in again
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message        | trace | code | header       |
      | T1   | sale           | 2     |      | 603100310000 |
      | host | sale answer    | 2     | 00   | 603103310000 |
      | T1   | sign-in        | 3     |      | 603100310000 |
      | host | sign-in answer | 3     | 00   | 603100310000 |
      | T1   | sale           | 4     |      | 603100310000 |
      | host | sale answer    | 4     | 00   | 603100310000 |
    And Bob's card holds 4970.00 CNY

  @SIG-018
  Scenario: Signing out ends the batch; the next sign-in begins the next one
    When the cashier signs out at "T1"
    And Bob swipes 10.00 CNY at "T1"
    And the cashier signs in at "T1"
    Then "T1" shows SIGNED_OUT
    And "T1" shows SIGN_IN_FIRST
    And these messages went over the wire
      | from | message         | trace | code | batch  |
      | T1   | sign-out        | 2     |      | 000001 |
      | host | sign-out answer | 2     | 00   | 000001 |
      | T1   | sign-in         | 3     |      | 000001 |
      | host | sign-in answer  | 3     | 00   | 000002 |
    And "T1" works in batch "000002"
