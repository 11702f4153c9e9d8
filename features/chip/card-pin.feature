Feature: A chip that compares the PIN itself
  The PIN never leaves the slot, so what the chip does with a wrong one is all that stands between a thief and the money.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @CRD-001 @host-control
  Scenario: A wrong PIN does not get past the chip
    When Olga inserts her card for 10.00 CNY at "T1" and enters a wrong PIN
    Then "T1" shows CANCELLED
    And Olga's chip answered "VERIFY" with "63C2"
    And no message went to the host

  @CRD-002 @host-control
  Scenario: A wrong PIN takes one try, though the card is pulled at once
    When Olga inserts her card for 10.00 CNY at "T1" and enters a wrong PIN
    Then "T1" shows CANCELLED
    And Olga's chip has 2 PIN tries left

  @CRD-003 @host-control
  Scenario: The right PIN gives all tries back
    Given Olga's chip comes with 1 PIN try left
    When Olga inserts her card for 10.00 CNY at "T1"
    Then "T1" shows LAST_PIN_TRY
    And "T1" shows APPROVED
    And Olga's chip has 3 PIN tries left
    And the 1st sale carries
      | field      | value |
      | entry_mode | 052   |

  @CRD-004 @host-control
  Scenario: An enciphered PIN that is played again is not taken
    Given a shim repeats "VERIFY" to Olga's chip
    When Olga inserts her card for 10.00 CNY at "T1"
    Then "T1" shows INSERT_AGAIN
    And Olga's chip answered "VERIFY" with "6985"
    And no message went to the host

  @CRD-005 @host-control
  Scenario: A chip without tries declines as its bank has laid down
    Given Olga's chip comes with 0 PIN tries left
    When Olga inserts her card for 10.00 CNY at "T1"
    Then "T1" shows DECLINED_OFFLINE
    And Olga's chip was never sent "VERIFY"
    And no message went to the host

  @CRD-022 @host-control
  Scenario: An enciphered PIN that was taped once opens no later payment
    Given a shim tapes and plays back "VERIFY" to Olga's chip
    And Olga inserts her card for 10.00 CNY at "T1"
    When Olga inserts her card for 20.00 CNY at "T1" and enters a wrong PIN
    Then "T1" shows CANCELLED
    And Olga's chip answered "VERIFY" with "6984"
    And no message went to the host
    And Olga's card holds 990.00 CNY

  @CRD-023 @unionpay @host-control
  Scenario: A PIN that its bank has unblocked may be tried again
    Given Carol's chip comes with 1 PIN try left
    And Carol's bank has the chip unblock the PIN
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip answered "PIN CHANGE/UNBLOCK" with "9000"
    And Carol's chip has 3 PIN tries left

  @CRD-026 @host-control
  Scenario: A PIN that its bank has changed is the only one from then on
    Given Olga's bank has the chip change the PIN
    And Olga inserts her card for 10.00 CNY at "T1"
    When Olga inserts her card for 20.00 CNY at "T1" and enters a wrong PIN
    Then "T1" shows APPROVED
    And Olga's chip answered "PIN CHANGE/UNBLOCK" with "9000"
    And Olga's chip answered "VERIFY" with "9000"
    And Olga's card holds 970.00 CNY
